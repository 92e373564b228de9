// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7Lane
import E7System
public import E7Text

/// Where the rules file is written.
public protocol Shelf: AnyObject {
  /// Begins a new file, empty.
  func begin() -> SystemFault?
  /// Adds to its end.
  func write(_ bytes: [UInt8]) -> SystemFault?
  /// Puts it in the place of the old one, for good.
  func end() -> SystemFault?
  /// Gives it up.
  func abandon()
}

/// What the system said to a file: an errno and words.
public struct SystemFault: Sendable {
  /// errno(3).
  public let errno: Int32
  /// For people.
  public let text: Phrase

  /// A fault.
  public init(errno: Int32, text: Phrase) {
    self.errno = errno
    self.text = text
  }
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
    if owner == nil, let fault = begin(shelf, lane) { return fault }
    guard size + text.count <= Limit.saved else {
      abandon()
      return Outcome(EFBIG, "PART: the file is over \(Limit.saved) bytes")
    }
    if let fault = shelf.write(text) { return failed(fault) }
    size += text.count
    guard let meant else { return nil }
    guard meant == generation else {
      abandon()
      return Outcome(ESTALE, "GENERATION \(meant) is not that of the rules in force any more")
    }
    if let fault = shelf.end() { return failed(fault) }
    owner = nil
    return Outcome(generation: meant)
  }

  private mutating func begin(_ shelf: any Shelf, _ lane: UInt64) -> Outcome? {
    if let fault = shelf.begin() { return failed(fault) }
    owner = lane
    size = 0
    return nil
  }

  private mutating func failed(_ fault: SystemFault) -> Outcome {
    abandon()
    return Outcome(fault.errno, "\(RulesFolder.path)/rules is as it was: \(fault.text)")
  }

  /// Gives up what was begun.
  mutating func abandon() {
    if owner != nil { shelf?.abandon() }
    owner = nil
  }
}
