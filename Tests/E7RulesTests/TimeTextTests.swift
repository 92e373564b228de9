// SPDX-License-Identifier: GPL-2.0-or-later
import E7Rules
import Testing

@Suite struct TimeTextTests {
  private static let second: UInt64 = 1_000_000_000

  @Test(arguments: [
    (0, 0, "00:00:00"), (86399, 0, "23:59:59"), (50531, 0, "14:02:11"), (50531, 3600, "15:02:11"),
    (0, -3600, "23:00:00"), (82800, 7200, "01:00:00"), (1_795_000_000, 20_700, "16:51:40"),
  ])
  func clocks(seconds: UInt64, offset: Int, text: String) {
    #expect(TimeText.clock(seconds * TimeTextTests.second, utcOffset: offset) == text)
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000000Z"),
    (951_782_400, "2000-02-29T00:00:00.000000000Z"),
    (951_868_800, "2000-03-01T00:00:00.000000000Z"),
    (1_709_164_800, "2024-02-29T00:00:00.000000000Z"),
    (1_735_689_599, "2024-12-31T23:59:59.000000000Z"),
    (4_107_542_400, "2100-03-01T00:00:00.000000000Z"),
    (18_446_744_073, "2554-07-21T23:34:33.000000000Z"),
  ])
  func dates(seconds: UInt64, text: String) {
    #expect(TimeText.rfc3339(seconds * TimeTextTests.second) == text)
  }

  @Test func fractions() {
    #expect(TimeText.rfc3339(1) == "1970-01-01T00:00:00.000000001Z")
    #expect(TimeText.seconds(999_999_999) == "1970-01-01T00:00:00Z")
    #expect(TimeText.seconds(.max) == "2554-07-21T23:34:33Z")
    #expect(TimeText.rfc3339(.max) == "2554-07-21T23:34:33.709551615Z")
  }
}
