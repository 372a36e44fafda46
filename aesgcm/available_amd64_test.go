//go:build !purego

package aesgcm

// available are the implementations that this machine can run, by whatever New would choose.
func available() []Implementation {
	switch fastest() {
	case AVX512:
		return []Implementation{Library, AVX2, AVX512}
	case AVX2:
		return []Implementation{Library, AVX2}
	}
	return []Implementation{Library}
}
