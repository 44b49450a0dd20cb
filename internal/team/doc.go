// Package team manages teams: accounts that share a Team plan. It decides who may invite, remove and hand over, and
// lets nobody be invited or join where members and open invitations have taken all seats.
//
//	an account whose own plan is Team ──► Get ──► its team, made when it is first asked for
//	Invite ──► a row without a code, and a mail in the outbox ──► Activate, when the mail is sent: the code's HMAC
//	Join   ──► the account's verified address and the code ──► a member
//	HandOver, Remove, SetRole, Leave
//
// What changes a team locks its row first, so that replicas count the same seats. A change that adds an account to a
// team locks the account before the team. Who has the plan is not stored: the views team_seats and team_plans derive it
// from the plans of owner and payer and from the places of the members, so that billing and grants take effect by
// themselves. Package auth reads team_plans wherever it reads an account. Nothing here touches what members own.
package team
