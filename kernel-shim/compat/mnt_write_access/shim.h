/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing to a mount was announced under other names. */
#define mnt_get_write_access		__mnt_want_write
#define mnt_get_write_access_file	__mnt_want_write_file
#define mnt_put_write_access		__mnt_drop_write
#define mnt_put_write_access_file	__mnt_drop_write_file
