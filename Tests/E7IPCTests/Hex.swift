// SPDX-License-Identifier: GPL-2.0-or-later

/// Bytes written in hexadecimal, blanks anywhere, `;` begins a remark up to the end of the line.
func hex(_ text: String) -> [UInt8] {
  var digits: [UInt8] = []
  for line in text.split(separator: "\n") {
    for character in line.prefix(while: { $0 != ";" }) {
      if let digit = character.hexDigitValue { digits.append(UInt8(digit)) }
    }
  }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
