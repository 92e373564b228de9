// SPDX-License-Identifier: GPL-2.0-or-later

/// The one rules file that is being saved, part by part, over one lane: it takes the place of the
/// old one in one step, and the one before it is kept.
struct Vault: ~Copyable {
  private let folder: FileDescriptor
  private var file = FileDescriptor(owning: -1)
  private(set) var owner: Lane?
  private(set) var size = 0

  /// Saves in a folder, or nothing where its number is none.
  init(_ folder: consuming FileDescriptor) { self.folder = folder }

  /// Takes a part; nil until the last, of rules that are `meant`: the generation that is in force.
  mutating func take(
    _ text: [UInt8], of meant: UInt64?, from lane: Lane, _ generation: UInt64?
  ) -> Outcome? {
    guard folder.raw >= 0 else {
      return Outcome(ENOENT, "e7-priv has no folder to save in: \(RulesFolder.path), see its log")
    }
    guard owner == nil || owner === lane else {
      return Outcome(EBUSY, "somebody else is saving; try again later")
    }
    let end = write(text, of: meant, from: lane, generation)
    if let end, end.error != 0 { abandon(lane) }
    return end
  }

  private mutating func write(
    _ text: [UInt8], of meant: UInt64?, from lane: Lane, _ generation: UInt64?
  ) -> Outcome? {
    do throws(SystemError) {
      if owner == nil {
        (owner, size) = (lane, 0)
        file = FileDescriptor(owning: try check(e7_save_begin(folder.raw), "openat"))
      }
      guard size + text.count <= Limit.saved else {
        return Outcome(EFBIG, "PART: the file is over \(Limit.saved) bytes")
      }
      try check(unsafe e7_save_write(file.raw, text, text.count, UInt64(size)), "pwrite")
      size += text.count
      guard let meant else { return nil }
      guard meant == generation else {
        return Outcome(ESTALE, "GENERATION \(meant) is not that of the rules in force any more")
      }
      try check(e7_save_end(folder.raw, file.raw), "fsync, renameat2")
      file = FileDescriptor(owning: -1)
      owner = nil
      return Outcome(generation: meant)
    } catch {
      return Outcome(error.errno, "the rules are not saved in \(RulesFolder.path): \(error.phrase)")
    }
  }

  /// Gives up what a lane has begun.
  mutating func abandon(_ lane: Lane) {
    guard owner === lane else { return }
    owner = nil
    // What was written is given back to the disk: it begins empty.
    file = FileDescriptor(owning: e7_save_begin(folder.raw))
    file = FileDescriptor(owning: -1)
  }
}
