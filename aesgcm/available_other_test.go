//go:build !amd64 || purego

package aesgcm

func available() []Implementation { return []Implementation{Library} }
