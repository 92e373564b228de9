/* SPDX-License-Identifier: GPL-2.0-only */
#include "../linux/shim_kernel.h"
