package esp

// Sizes of a replay window in packets.
const (
	MinWindow = 64
	MaxWindow = 8192
)
