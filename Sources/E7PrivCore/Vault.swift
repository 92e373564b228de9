// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7Lane
public import E7System
import E7Text

/// Where the rules file is written.
public protocol Shelf: AnyObject {
  /// Begins a new file, empty.
  func begin() throws(SystemError)
  /// Adds to its end.
  func write(_ bytes: [UInt8]) throws(SystemError)
  /// Puts it in the place of the old one, for good.
  func end() throws(SystemError)
  /// Gives it up.
  func abandon()
}

/// The one rules file that is being saved, part by part, over one lane.
struct Vault {
  private let shelf: (any Shelf)?
  /// The lane whose file it is.
  private(set) var owner: UInt64?
  private(set) var size = 0

  init(_ shelf: (any Shelf)?) {
    self.shelf = shelf
  }

  /// Takes a part; nil where more are to come, the end of the file otherwise.
  ///
  /// After a part of rules that are `meant`, a generation, nothing follows: `generation` is that of
  /// the rules in force.
  mutating func take(
    _ text: [UInt8], of meant: UInt64?, from lane: UInt64, _ generation: UInt64?
  ) -> Outcome? {
    guard let shelf else {
      return Outcome(
        ENOENT, "e7-priv has no folder to save in: \(RulesFolder.path), see its log")
    }
    guard owner == nil || owner == lane else {
      return Outcome(EBUSY, "somebody else is saving; try again later")
    }
    do throws(SystemError) {
      if owner == nil {
        try shelf.begin()
        owner = lane
        size = 0
      }
      guard size + text.count <= Limit.saved else {
        abandon()
        return Outcome(EFBIG, "PART: the file is over \(Limit.saved) bytes")
      }
      try shelf.write(text)
      size += text.count
      guard let meant else { return nil }
      guard meant == generation else {
        abandon()
        return Outcome(ESTALE, "GENERATION \(meant) is not that of the rules in force any more")
      }
      try shelf.end()
      owner = nil
      return Outcome(generation: meant)
    } catch {
      abandon()
      return Outcome(error.errno, "\(RulesFolder.path)/rules is as it was: \(error.phrase)")
    }
  }

  /// Gives up what was begun.
  mutating func abandon() {
    if owner != nil { shelf?.abandon() }
    owner = nil
  }
}
