/* SPDX-License-Identifier: GPL-2.0-only */
/* A mount's mapping of ids was its user name space. */
#define mnt_idmap	user_namespace
