/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to the arm64 model, and for arch/arm64. */
#ifndef MODEL_ARM64_MODEL_H
#define MODEL_ARM64_MODEL_H

#include <kshim/host.h>
#include <kshim/machine.h>

/* Ends the scenario: other architectures' models do what the calling function is for, arm64's does not yet. */
#define model_unmodelled() host_fatal(KVMSIM_REFUSED, NULL, 0, "%s() is not modelled on arm64", __func__)

#endif
