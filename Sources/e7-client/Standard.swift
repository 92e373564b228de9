// SPDX-License-Identifier: GPL-2.0-or-later
import E7Loop
import E7System
import Glibc

/// The standard streams, files and clocks, without stdio: each line is one write(2).
enum Standard {
  static let input: Int32 = 0
  private static let output: Int32 = 1
  private static let errors: Int32 = 2

  /// A reader that goes away ends the program quietly, also where the parent ignored SIGPIPE.
  static func endQuietlyWithTheReader() {
    _ = signal(SIGPIPE, SIG_DFL)
  }

  /// Writes lines to standard output.
  static func print(_ lines: [String]) {
    guard !lines.isEmpty else { return }
    var bytes: [UInt8] = []
    for line in lines {
      bytes += line.utf8
      bytes.append(UInt8(ascii: "\n"))
    }
    write(bytes)
  }

  /// Writes bytes to standard output; a failure ends the program.
  static func write(_ bytes: [UInt8]) {
    guard let number = write(bytes, to: output) else { return }
    complain("cannot write to standard output: \(SystemError.text(number))")
    exit(1)
  }

  /// Writes one line to standard error.
  static func complain(_ text: String) {
    // There is nowhere to tell that this failed.
    _ = write(Array("e7-client: \(text)\n".utf8), to: errors)
  }

  /// Whether somebody types the input and sees the output.
  static var isInteractive: Bool { isatty(input) == 1 && isatty(output) == 1 }

  /// Up to 64 KiB of `descriptor`; empty at its end; nil where it cannot be read.
  static func read(_ descriptor: Int32) -> [UInt8]? {
    while true {
      var count = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, initialized in
        count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        initialized = max(0, count)
      }
      if count >= 0 { return bytes }
      guard errno == EINTR || errno == EAGAIN else { return nil }
      if errno == EAGAIN { _ = wait([descriptor]) }
    }
  }

  /// Waits until one of the descriptors has input or has ended, and tells which.
  static func wait(_ descriptors: [Int32]) -> [Bool] {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let ready = unsafe poll(&polled, nfds_t(polled.count), -1)
    return polled.map { ready > 0 && $0.revents != 0 }
  }

  /// Sleeps for a tenth of a second, between two tries.
  static func pause() { usleep(100_000) }

  /// Nanoseconds since 1970.
  static var now: UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Seconds east of Greenwich, here and now.
  static var utcOffset: Int {
    var seconds = time(nil)
    var local = unsafe tm()
    guard unsafe localtime_r(&seconds, &local) != nil else { return 0 }
    return unsafe local.tm_gmtoff
  }

  /// Whether there is a file of this name.
  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(
          descriptor, buffer.baseAddress?.advanced(by: start), buffer.count - start)
      }
      if count > 0 {
        start += count
      } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
        return errno
      } else if errno == EAGAIN {
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&polled, 1, -1)
      }
    }
    return nil
  }
}
