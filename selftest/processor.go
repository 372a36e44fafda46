package selftest

import (
	"crypto/fips140"
	"runtime"

	"golang.org/x/sys/cpu"

	"culvert/suite"
)

// A Processor is what computes here.
type Processor struct {
	Architecture string   `json:"architecture"`
	Features     []string `json:"features" doc:"Of those that matter here"`
	AESGCM       string   `json:"aes_gcm" doc:"What computes AES-GCM"`
	FIPS         bool     `json:"fips_140" doc:"Go's cryptography is in FIPS 140-3 mode"`
}

// ThisProcessor looks at the processor that runs the program.
func ThisProcessor() Processor {
	p := Processor{Architecture: runtime.GOARCH, AESGCM: suite.GCM(), FIPS: fips140.Enabled(), Features: []string{}}
	x, a := &cpu.X86, &cpu.ARM64
	for _, f := range []struct {
		has  bool
		name string
	}{
		{x.HasAES, "AES-NI"}, {x.HasPCLMULQDQ, "PCLMULQDQ"}, {x.HasAVX2, "AVX2"}, {x.HasAVX512F, "AVX-512"}, {x.HasAVX512VAES, "VAES"},
		{x.HasAVX512VPCLMULQDQ, "VPCLMULQDQ"}, {x.HasBMI2, "BMI2"}, {x.HasADX, "ADX"}, {x.HasRDRAND, "RDRAND"},
		{a.HasAES, "AES"}, {a.HasPMULL, "PMULL"}, {a.HasSHA2, "SHA2"}, {a.HasSHA512, "SHA512"}, {a.HasSHA3, "SHA3"},
	} {
		if f.has {
			p.Features = append(p.Features, f.name)
		}
	}
	return p
}
