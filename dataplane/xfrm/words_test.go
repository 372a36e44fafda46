package xfrm

import (
	"strings"
	"testing"

	"culvert/explain"
)

func TestEveryCounterOfTheKernelIsExplained(t *testing.T) {
	file := openStat()
	defer file.Close()
	s := file.now()
	if s == nil {
		t.Skip("the kernel has no counters") // built without CONFIG_XFRM_STATISTICS
	}
	if len(s) < 20 {
		t.Fatalf("%d counters", len(s))
	}
	for name := range s {
		code := explain.Code(strings.ToUpper(strings.ReplaceAll(counterName(name), "_", "-")))
		if _, ok := explain.Lookup(code); !ok {
			t.Errorf("%s: no entry %s", name, code)
		}
	}
}
