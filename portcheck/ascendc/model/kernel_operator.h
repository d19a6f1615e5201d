// Stands in for the device's kernel_operator.h on a CPU; see README.md.
#ifndef ASCENDC_MODEL_KERNEL_OPERATOR_H  // a guard, not a pragma: this header can be precompiled
#define ASCENDC_MODEL_KERNEL_OPERATOR_H

#define ASCENDC_MODEL 1

#include "api/tensor.h"
#include "api/fields.h"
#include "api/sync.h"
#include "api/pipe.h"
#include "api/copy.h"
#include "api/vector.h"
#include "api/fused.h"
#include "api/cast.h"
#include "api/reduce.h"
#include "api/compare.h"
#include "api/rearrange.h"
#include "api/meeting.h"
#include "api/system.h"

#endif
