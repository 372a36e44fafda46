package ike

// Tasks are the exchanges that an IKE SA has begun, and those that it has still to begin, in their order. Each is one of "init",
// "intermediate", "auth", "create-child", "rekey-child", "delete-child", "rekey-ike", "delete-ike", "followup", "probe" and "inform".
type Tasks struct{ Active, Queued []string }

// workload tells about the tasks of the SA.
func (sa *SA) workload() Tasks {
	var t Tasks
	for _, begun := range sa.requests.begun {
		t.Active = append(t.Active, taskName(begun))
	}
	for _, p := range sa.requests.pending {
		t.Active = append(t.Active, taskName(p.task))
	}
	for _, waiting := range sa.waiting() {
		t.Queued = append(t.Queued, taskName(waiting))
	}
	return t
}

func taskName(t task) string {
	switch t := t.(type) {
	case *initTask:
		return "init"
	case *additionalTask, *ppkTask:
		return "intermediate"
	case *authTask:
		return "auth"
	case *createChild:
		if t.old != nil {
			return "rekey-child"
		}
		return "create-child"
	case *deleteChild:
		return "delete-child"
	case *rekeyIKE:
		return "rekey-ike"
	case *deleteIKE, *rejectTask:
		return "delete-ike"
	case *followUp:
		return "followup"
	case *pathProbe:
		return "probe"
	}
	return "inform"
}
