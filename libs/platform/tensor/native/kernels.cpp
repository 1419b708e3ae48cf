/**
 * Compiled once for each level of vector instructions, with -DTABLE=… and -DLANES=… and what tells the compiler of them. Only the
 * products use vectors of the level's full width: the rest waits for memory, and widths are multiples of 8.
 *
 * Nothing from a header with code of its own is used: the linker keeps one copy of such code, and might keep that of the
 * highest level.
 */
#include "heads.h"
#include "kernels.h"
#include "optimizers.h"
#include "products.h"
#include "rows.h"
#include "softmax.h"

extern const Kernels TABLE = {multiply,       multiplyTransposed, gatherRows,    meanOfRows, meanOfColumns, heads,
                              headGradients, sampledSoftmax,     selectEntries, adagrad,    adam};
