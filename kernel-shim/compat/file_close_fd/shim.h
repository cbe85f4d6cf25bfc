/* SPDX-License-Identifier: GPL-2.0-only */
/* What takes a file out of the table was named after close(). */
#define file_close_fd	close_fd_get_file
