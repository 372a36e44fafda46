// Package prefetch asks the processor to bring memory into its cache before it is needed, so that what lies in main memory for many
// packets is waited for once and not one after the other. It is a hint: elsewhere than on amd64 nothing happens.
package prefetch
