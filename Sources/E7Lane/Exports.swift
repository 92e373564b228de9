// SPDX-License-Identifier: GPL-2.0-or-later
// What this module's interface speaks of comes with it.
@_exported public import CE7Schema
@_exported public import E7Text
