// SPDX-License-Identifier: GPL-2.0-or-later
import E7IPC
import E7Netlink
import E7PrivCore

/// The kernel behind two sockets, since a transaction is its socket's: what is not collected must
/// not fall into somebody's draft.
struct KernelTarget: EditTarget, ~Copyable {
  private var direct: KernelSocket
  private var collecting: KernelSocket

  init() throws(NetlinkError) {
    let direct = try KernelSocket()
    collecting = try KernelSocket()
    self.direct = direct
  }

  /// What stands between this program and the module, or nil.
  mutating func fault() -> NetlinkError? {
    do throws(NetlinkError) {
      _ = try direct.resolve()
      return nil
    } catch {
      return error
    }
  }

  mutating func apply(_ edit: Edit, collected: Bool) -> Outcome {
    do throws(NetlinkError) {
      let result = collected ? try collecting.apply(edit) : try direct.apply(edit)
      return Outcome(generation: result.generation, id: result.id)
    } catch {
      return Outcome(error: UInt32(bitPattern: error.errno), text: error.text)
    }
  }
}
