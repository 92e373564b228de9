// SPDX-License-Identifier: GPL-2.0-or-later
@testable import E7Netlink
@testable import E7Questions

/// Any datagram of the kernel's is an error or an answer, of a request or of a list, and an event
/// or none.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  for isDump in [false, true] {
    let request = genericRequest(
      family: 16, version: 1, command: 3, isDump: isDump,
      attributes: [UInt8](repeating: 0, count: 44))
    for port in [0, 1] as [UInt32] {
      var exchange = Exchange(request, sequence: 7)
      var index = 0
      while let answer = try? exchange.next(bytes, port: port, &index) {
        precondition(port == 0 && !exchange.isOver)
        _ = try? answer.attributes()
        _ = try? Family(answer)
      }
    }
  }
  _ = EventSocket.messages(bytes)
  return 0
}
