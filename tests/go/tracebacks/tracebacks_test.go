// SPDX-License-Identifier: BSD-3-Clause

package tracebacks

import "testing"

func TestAFunctionThatSkipsThreeFramesFindsThePlaceOfTheSignal(t *testing.T) {
	signals, places, callers, err := Profile(10)
	if err != nil {
		t.Fatal(err)
	}
	if signals < 10 || places != signals || callers != signals {
		t.Errorf("of %d signals %d were first, and %d had their callers behind them",
			signals, places, callers)
	}
}
