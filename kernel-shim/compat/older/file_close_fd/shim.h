/* SPDX-License-Identifier: GPL-2.0-only */
/* The function that removes a file from the table was named after close(). */
#define file_close_fd	close_fd_get_file
