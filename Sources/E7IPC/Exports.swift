// SPDX-License-Identifier: GPL-2.0-or-later
// What lanes carry is part of what consoles are told; e7-priv links that part alone.
@_exported public import E7Lane
@_exported public import E7Text
