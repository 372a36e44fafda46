package explain

// Codes of users and their sessions.
const (
	UserExpired  Code = "USER-EXPIRED"
	UserDisabled Code = "USER-DISABLED"
	UserSessions Code = "USER-SESSIONS"
	UserAddress  Code = "USER-ADDRESS"
	UserTimeout  Code = "USER-TIMEOUT"
)

// userEntries documents the codes of users and their sessions.
func userEntries() []Entry {
	return []Entry{
		{UserExpired, "A user's account is past its end.",
			"valid_until of the user lies in the past. A session that was up at that time has ended with it.",
			"Set a later valid_until in the user file and run `culvert reload`; look whether the clock of the gateway is right."},
		{UserDisabled, "A user's account is disabled.",
			"The user has disabled = true in the user file.",
			"Remove the option and run `culvert reload`."},
		{UserSessions, "A user has as many sessions as allowed.",
			"Other devices of the user are connected, or a session whose client vanished has not timed out yet.",
			"`culvert status` lists the sessions; close one with `culvert down CONNECTION --sa SPI`, allow more, or set unique = \"replace\" if one device is all that a user has."},
		{UserAddress, "The address that belongs to a user cannot be given.",
			"Another IKE SA has it: of another user with the same address, or of the user's other device.",
			"Give each user an address of its own, or limit the user to one session."},
		{UserTimeout, "A session has reached its time limit.",
			"Session-Timeout, Idle-Timeout or valid_until of the user or the RADIUS server.",
			"Nothing, if that is meant; the client may connect again."},
	}
}
