/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions that announce writing to a mount had other names. */
#define mnt_get_write_access		__mnt_want_write
#define mnt_get_write_access_file	__mnt_want_write_file
#define mnt_put_write_access		__mnt_drop_write
#define mnt_put_write_access_file	__mnt_drop_write_file
