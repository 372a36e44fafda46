package suite

import (
	"testing"

	"culvert/wire"
)

func TestAlgorithmNamesLeaveTheKeyLengthToItself(t *testing.T) {
	for _, tt := range []struct {
		transform wire.Transform
		name      string
		bits      int
	}{
		{encrID(wire.EncrAESGCM16, 256), "AES_GCM_16", 256},
		{encrID(wire.EncrChaCha20Poly1305, 0), "CHACHA20_POLY1305", 0},
		{integID(wire.IntegHMACSHA256_128), "HMAC_SHA2_256_128", 0},
		{wire.Transform{Type: wire.TransformADDKE1, ID: wire.KEMLKEM768}, "ML_KEM_768", 0},
		{encrID(wire.EncrCamelliaCBC, 192), "ENCR_CAMELLIA_CBC", 192},
	} {
		if name, bits := AlgorithmName(tt.transform); name != tt.name || bits != tt.bits {
			t.Errorf("%v is %s with %d bits, want %s with %d", tt.transform, name, bits, tt.name, tt.bits)
		}
	}
}
