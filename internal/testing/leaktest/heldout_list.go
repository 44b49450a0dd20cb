// Held out: developers of the leak filter do not read this file before the filter is finished, so that its disguises
// measure how the filter does on ones that nobody had in mind.

package leaktest

import "slices"

// HeldOutTransforms returns as many disguises as UnlistedTransforms, of the same kinds and as hard. Nobody reads them
// before the filter is finished.
func HeldOutTransforms() []Transform {
	return slices.Concat(heldOutSpellings(), heldOutPieces(), heldOutOrders(), heldOutCiphers(), heldOutEncodings())
}
