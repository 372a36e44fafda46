package config

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkLoad(b *testing.B) {
	var many strings.Builder
	for i := range 1000 {
		many.WriteString(strings.Replace(office+officeSecret, `"office"`, fmt.Sprintf(`"office%d"`, i), 2))
	}
	for name, text := range map[string]string{"ten lines": office + officeSecret, "a thousand connections": many.String(), "mistakes": readAll(b, "testdata/mistakes")["culvert.hcl"]} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				load(text)
			}
		})
	}
}
