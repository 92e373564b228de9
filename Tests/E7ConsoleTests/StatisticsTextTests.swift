// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import Testing

@Suite struct StatisticsTextTests {
  @Test func columnsAreAligned() {
    let lines = StatisticsText.lines([
      StatisticValue(statistic: .learnt, value: 1204),
      StatisticValue(statistic: .noSocket, value: 3),
      StatisticValue(statistic: .walks, value: 0),
    ])
    #expect(
      lines == [
        "learnt    1204  " + Statistic.learnt.summary,
        "nosocket     3  " + Statistic.noSocket.summary,
        "walks        0  " + Statistic.walks.summary,
      ])
  }

  @Test func everyStatisticSaysWhatItCounts() {
    #expect(Statistic.all.count > 10)
    for statistic in Statistic.all { #expect(statistic.summary.contains(" ")) }
    #expect(StatisticsText.lines([]) == [])
  }
}
