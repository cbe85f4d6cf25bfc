/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of the interactive mode: from a terminal with editing, history and completion, or from a file. */
#ifndef SIM_REPL_LINE_H
#define SIM_REPL_LINE_H

/* Returns the ends that a text may have, one per line; empty for none. malloc'ed. */
typedef char *(*repl_complete_fn)(void *arg, const char *text);

/* Begins. complete is called with what stands before the cursor. */
void repl_line_begin(int terminal, repl_complete_fn complete, void *arg);
/* Returns the next line without its end, or NULL at the end of input; gave_up says that Ctrl-C ended it. malloc'ed. */
char *repl_line_read(const char *prompt, int *gave_up);
/* Keeps a statement, which may have several lines, in the history. */
void repl_line_keep(const char *text);
void repl_line_end(void);

#endif
