package explain

// Codes of the management socket and the command line.
const (
	ManageUnreachable     Code = "MANAGE-UNREACHABLE"
	ManageUnauthenticated Code = "MANAGE-UNAUTHENTICATED"
	ManageForbidden       Code = "MANAGE-FORBIDDEN"
	ManageUnsupported     Code = "MANAGE-UNSUPPORTED"
	ManageBusy            Code = "MANAGE-BUSY"
	ManageNotFound        Code = "MANAGE-NOT-FOUND"
	ManageBadRequest      Code = "MANAGE-BAD-REQUEST"
	ManageConfigRefused   Code = "MANAGE-CONFIG-REFUSED"
	ManageTimeout         Code = "MANAGE-TIMEOUT"
	ManageSocket          Code = "MANAGE-SOCKET"
	ManageInternal        Code = "MANAGE-INTERNAL"
	ManageUsage           Code = "MANAGE-USAGE"
	ManageFile            Code = "MANAGE-FILE"
	ManageListen          Code = "MANAGE-LISTEN"
	ManageTrial           Code = "MANAGE-TRIAL"
	PKIFailed             Code = "PKI-FAILED"
)

// manageEntries documents the codes of the management socket and the command line.
func manageEntries() []Entry {
	return []Entry{
		{ManageUnreachable, "The daemon does not answer on its management socket.",
			"The daemon is not running, its socket lies elsewhere, or the user may not open it.",
			"See `systemctl status culvert`; name the socket with --socket; be root or a member of the group that daemon.socket_group names."},
		{ManageNotFound, "A command names something that is not there.",
			"The name of the connection, child or IKE SA is misspelt, or the daemon runs with a configuration that lacks it.",
			"`culvert status` lists what there is; `culvert reload` reads the configuration again."},
		{ManageBadRequest, "The daemon does not understand a request.",
			"Command line and daemon are of different versions, or another program uses the socket wrongly.",
			"Compare `culvert version` with the version that `culvert status` shows; restart the daemon after an upgrade. The interface is described at /openapi.json on the socket."},
		{ManageConfigRefused, "The configuration was refused; the daemon goes on with the one it had.",
			"It has at least one error. A configuration is applied whole or not at all.",
			"`culvert check` shows every error with its place; correct them and run `culvert reload` again."},
		{ManageUnauthenticated, "The daemon does not know who sends a request.",
			"Over the network every request needs a client certificate that the configuration gives a role; a web page needs a session, which ends after a while.",
			"Name a certificate with --cert and --key, and see that a role of the block api lists it; for the page run `culvert web` again."},
		{ManageForbidden, "A caller may not do what it asks for.",
			"What needs a role: read, operate or administer. The owner of the socket and root administer; everybody else has the role that the block api gives.",
			"Run the command as root, or have an administrator list the user, the group or the certificate under a higher role in the block api."},
		{ManageUnsupported, "The daemon cannot answer a question because the part of it that would is not there.",
			"Tunnels inside of programs and daemons without that part have nothing to tell.",
			"Ask a daemon that was started with `culvert daemon`, of this version or a later one."},
		{ManageBusy, "The daemon has as much to do of this kind as it takes on.",
			"A caller has too many streams of events or log lines open, or somebody else is changing the configuration.",
			"Close what is not needed, or wait for the other one: `culvert config show` tells about a change that waits to be confirmed."},
		{ManageTimeout, "A command did not end in time; what it began goes on.",
			"The peer does not answer, or the way to it is slow or blocked.",
			"`culvert status` shows how far it is, `culvert log -f` what happens. Allow more time with --timeout."},
		{ManageSocket, "The daemon cannot open its management socket.",
			"Another daemon uses the socket, its directory is missing, or the group that daemon.socket_group names does not exist.",
			"Stop the other daemon or set daemon.socket; under systemd RuntimeDirectory= makes the directory."},
		{ManageInternal, "The daemon failed in a way that it has no explanation for.",
			"This is a defect, or the system has run out of something.",
			"`journalctl -u culvert` has the details; please report them."},
		{ManageUsage, "A command was not written as it should be.",
			"A word is misspelt, missing or one too many.",
			"`culvert help COMMAND` shows how it is written, with examples."},
		{ManageFile, "A command cannot read or write a file.",
			"It is not there, the disk is full, or whoever runs the command may not use it. What was written is not whole.",
			"Look at the path, its permissions and the room on the disk, and run the command again."},
		{ManageTrial, "A connection did not pass its trial.",
			"Packets do not go both ways, or rekeying has not given other keys; the step that failed says which.",
			"Follow the text of the step. `culvert trace CONNECTION` shows the messages, `culvert doctor` looks at the host."},
		{ManageListen, "A port of a proxy or a forward cannot be opened.",
			"Another program has it, it is below 1024 and not open to ordinary users, or the address is not one of ours.",
			"Choose another port with --socks, --http, --forward or --reverse; `ss -ltnp` shows who has one. `--http off` does without."},
		{PKIFailed, "The certificate authority could not do what was asked.",
			"The folder has no authority or may not be written, another process is using it, or a name is not one that a certificate can have; the message says which.",
			"Correct what the message names. `culvert pki list` shows what was issued."},
	}
}
