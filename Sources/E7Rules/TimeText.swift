// SPDX-License-Identifier: GPL-2.0-or-later

/// Times of nanoseconds since 1970 as text.
package enum TimeText {
  private static let second: UInt64 = 1_000_000_000
  private static let day = 86400

  /// The time of day, `14:02:11`, in a zone `utcOffset` seconds east of Greenwich.
  package static func clock(_ nanoseconds: UInt64, utcOffset: Int) -> String {
    let seconds = (Int(nanoseconds / second) + utcOffset) % day
    let time = seconds < 0 ? seconds + day : seconds
    return [time / 3600, time / 60 % 60, time % 60].map { padded($0, 2) }.joined(separator: ":")
  }

  /// Date and time of RFC 3339 in UTC, to the nanosecond: `2026-11-21T14:02:11.000000000Z`.
  package static func rfc3339(_ nanoseconds: UInt64) -> String {
    moment(nanoseconds) + ".\(padded(Int(nanoseconds % second), 9))Z"
  }

  /// The same to the second: `2026-11-21T14:02:11Z`.
  package static func seconds(_ nanoseconds: UInt64) -> String { moment(nanoseconds) + "Z" }

  private static func moment(_ nanoseconds: UInt64) -> String {
    let (year, month, dayOfMonth) = civil(daysSince1970: Int(nanoseconds / second) / day)
    return
      "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
      + "T\(clock(nanoseconds, utcOffset: 0))"
  }

  /// The Gregorian date; years are counted from March, so that a leap day is a year's last.
  private static func civil(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
