// SPDX-License-Identifier: GPL-2.0-or-later

/// Who a process is, in the reader's namespaces, `struct ucred` of unix(7): `pid`, 0 where the
/// process is not visible from here, `uid` and `gid`.
package typealias Credentials = e7_credentials
