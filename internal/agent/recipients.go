package agent

import (
	"slices"
	"strings"
)

// bare returns the address alone of "Bob <bob@example.com>", in lower case.
func bare(person string) string {
	if _, inside, ok := strings.Cut(person, "<"); ok {
		person, _, _ = strings.Cut(inside, ">")
	}
	return strings.ToLower(strings.TrimSpace(person))
}

// knownAddresses returns the addresses that the request's e-mails and events have. They are found once in a request.
func (r *Run) knownAddresses() map[string]bool {
	if r.shared.addresses != nil {
		return r.shared.addresses
	}
	known := map[string]bool{bare(r.User.Email): true}
	for _, m := range r.Context.Emails {
		known[bare(m.From)] = true
		for _, to := range m.To {
			known[bare(to)] = true
		}
	}
	for _, e := range r.Context.Events {
		for _, attendee := range e.Attendees {
			known[bare(attendee)] = true
		}
	}
	r.shared.addresses = known
	return known
}

// named returns people as package consent may compare them with the message. Of an address that the request does not
// have, a model may have made up everything in front of the "@" and the name beside it, so only the rest counts; of a
// text with several addresses nothing counts.
func (r *Run) named(people []string) []string {
	list := slices.Clone(people)
	for i, person := range list {
		address := bare(person)
		_, host, isAddress := strings.Cut(address, "@")
		known := r.knownAddresses()[address] || strings.Contains(strings.ToLower(r.shared.message), address)
		switch {
		case strings.Count(person, "@") > 1:
			list[i] = "@"
		case isAddress && !known:
			list[i] = "@" + host
		}
	}
	return list
}
