package explain

// Codes of the management socket and the command line.
const (
	ManageUnreachable Code = "MANAGE-UNREACHABLE"
)

func manageEntries() []Entry {
	return []Entry{
		{ManageUnreachable, "The daemon does not answer on its management socket.",
			"The daemon is not running, its socket lies elsewhere, or the user may not open it.",
			"See `systemctl status culvert`; name the socket with --socket; be root or a member of the group that daemon.socket_group names."},
	}
}
