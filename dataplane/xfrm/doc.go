// Package xfrm is the data plane of the Linux kernel: SAs and policies are given to it, and it carries the packets.
package xfrm
