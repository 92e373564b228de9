// SPDX-License-Identifier: GPL-2.0-only
/*
 * What naming a packet costs whoever looks for its socket in the descriptors of
 * all processes, packet by packet: /sys/module/walk/parameters/instructions
 * says how long such a walk takes, in nanoseconds, which under `tools/vm
 * --icount` are instructions.
 *
 * Nothing is done but what there is no way round: each process's descriptors,
 * and of each socket its inode's number.  It is not found, as that of a socket
 * of the last process is not until the end.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#define WALK_TIMES 5

static int walk_descriptor(const void *context, struct file *file,
			   unsigned int descriptor)
{
	const unsigned long *wanted = context;
	struct inode *inode = file_inode(file);

	return S_ISSOCK(inode->i_mode) && inode->i_ino == *wanted;
}

static bool walk_finds(unsigned long wanted)
{
	struct task_struct *process;
	bool found = false;

	rcu_read_lock();
	for_each_process(process) {
		task_lock(process);
		if (process->files)
			found = iterate_fd(process->files, 0, walk_descriptor,
					   &wanted);
		task_unlock(process);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

static int walk_get(char *buffer, const struct kernel_param *kp)
{
	u64 least = U64_MAX;
	unsigned int i;
	u64 start;

	for (i = 0; i < WALK_TIMES; i++) {
		start = ktime_get_ns();
		if (walk_finds(ULONG_MAX))
			return -EIO;
		least = min(least, ktime_get_ns() - start);
	}
	return sysfs_emit(buffer, "%llu\n", least);
}

static const struct kernel_param_ops walk_ops = { .get = walk_get };

module_param_cb(instructions, &walk_ops, NULL, 0444);

MODULE_DESCRIPTION("Walks through the descriptors of all processes");
MODULE_LICENSE("GPL");
