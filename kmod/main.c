// SPDX-License-Identifier: GPL-2.0-only
/*
 * E7: which program owns each packet, and rules that decide about it.
 *
 * Every part is set up here and taken down in the opposite order; see
 * docs/kernel.md for how they fit together.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "asc.h"
#include "ask.h"
#include "enl.h"
#include "evt.h"
#include "flow.h"
#include "hook.h"
#include "ksc.h"
#include "pair.h"
#include "probe.h"
#include "psi.h"
#include "psi_exe.h"
#include "rule.h"
#include "stat.h"
#include "umh.h"

static int __init mod_init(void)
{
	int error;

	stat_init();
	error = rule_init();
	if (error)
		return error;
	error = psi_exe_init();
	if (error)
		goto err_exe;
	error = psi_init();
	if (error)
		goto err_psi;
	error = ksc_init();
	if (error)
		goto err_ksc;
	error = flow_init();
	if (error)
		goto err_flow;
	error = pair_init();
	if (error)
		goto err_pair;
	error = evt_init();
	if (error)
		goto err_evt;
	error = ask_init();
	if (error)
		goto err_ask;
	error = enl_init();
	if (error)
		goto err_enl;
	probe_init();
	error = asc_init();
	if (error)
		goto err_asc;
	error = hook_init();
	if (error)
		goto err_hook;
	/* It finds a module that works. */
	error = umh_init();
	if (error)
		goto err_umh;
	pr_info("e7: loaded\n");
	return 0;

err_umh:
	hook_exit();
err_hook:
	asc_exit();
err_asc:
	probe_exit();
	enl_exit();
err_enl:
	ask_exit();
err_ask:
	evt_exit();
err_evt:
	pair_exit();
err_pair:
	flow_exit();
err_flow:
	ksc_exit();
err_ksc:
	psi_exit();
err_psi:
	psi_exe_exit();
err_exe:
	rule_exit();
	return error;
}

static void __exit mod_exit(void)
{
	umh_exit();
	hook_exit();
	asc_exit();
	probe_exit();
	ask_exit();
	/* Its work sends through the family. */
	evt_exit();
	enl_exit();
	pair_exit();
	flow_exit();
	ksc_exit();
	psi_exit();
	psi_exe_exit();
	rule_exit();
	/* What kfree_rcu() and call_rcu() of all of these still hold. */
	rcu_barrier();
	pr_info("e7: unloaded\n");
}

module_init(mod_init);
module_exit(mod_exit);

MODULE_DESCRIPTION("E7 application firewall");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
