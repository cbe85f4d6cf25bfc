// SPDX-License-Identifier: GPL-2.0-only
/* A program into which nothing can be preloaded. */
int main(void)
{
	return 0;
}
