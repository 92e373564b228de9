// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// The rows of Tests/attacks.txt at one border: each case and its outcome.
package func attacks(at border: String) -> [String: String] {
  let path = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/attacks.txt"
  guard let file = unsafe fopen(path, "r") else { return [:] }
  defer { unsafe fclose(file) }
  var rows: [String: String] = [:]
  var line: UnsafeMutablePointer<CChar>?
  var capacity = 0
  while unsafe getline(&line, &capacity, file) > 0, let text = unsafe line {
    let words = unsafe String(cString: text).split(separator: "|").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "\n" }.reversed())
    }
    if words.count == 3, words[0] == border { rows[words[1]] = words[2] }
  }
  unsafe free(line)
  return rows
}
