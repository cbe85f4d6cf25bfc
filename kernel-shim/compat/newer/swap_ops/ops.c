// SPDX-License-Identifier: GPL-2.0-only
/* The operations of the swap device, on those that mm/page_io.c has for file systems. */
#include <linux/bio.h>
#include <linux/swap.h>
#include <linux/swap_ops.h>
#include <linux/uio.h>
#include "mm/swap.h"
#include <kshim/form/swap_ops.h>
#include <kshim/vfs.h>

static void submit(struct swap_io_ctx *ctx, int rw)
{
	struct swap_iocb *sio = ctx->sio;
	struct iov_iter iter;

	swap_fs_prepare_rw(ctx, rw, &iter);
	sio->iocb.ki_complete(&sio->iocb, kshim_swapfile_rw(&sio->iocb, &iter));
}

static void submit_write(struct swap_io_ctx *ctx)
{
	submit(ctx, WRITE);
}

static void submit_read(struct swap_io_ctx *ctx)
{
	submit(ctx, READ);
}

static const struct swap_ops swapfile_ops = {
	.can_merge = swap_fs_can_merge,
	.submit_write = submit_write,
	.submit_read = submit_read,
};

int kshim_swap_activate(struct swap_info_struct *si)
{
	return swap_fs_activate(si, &swapfile_ops);
}
