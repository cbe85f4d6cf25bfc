// SPDX-License-Identifier: GPL-2.0-only
/* Counts of users of name spaces (kernel/nscommon.c, kernel/nsproxy.c). */
#include <linux/cred.h>
#include <linux/ns_common.h>
#include <linux/nsproxy.h>
#include <kshim/marks.h>

INERT(__ns_ref_active_get, "kernel/nscommon.c", "there are only initial name spaces, which are always active");
void __ns_ref_active_get(struct ns_common *ns)
{
	WARN_ON_ONCE(!is_ns_init_id(ns));
}

INERT(__ns_ref_active_put, "kernel/nscommon.c", "there are only initial name spaces, which are always active");
void __ns_ref_active_put(struct ns_common *ns)
{
	WARN_ON_ONCE(!is_ns_init_id(ns));
}

INERT(switch_cred_namespaces, "kernel/nsproxy.c", "all credentials are in the initial user name space");
void switch_cred_namespaces(const struct cred *old, const struct cred *new)
{
	WARN_ON_ONCE(old->user_ns != new->user_ns);
}
