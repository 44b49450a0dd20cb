import csv
from collections import defaultdict
from datetime import datetime, timedelta


def overdue(path, now=None, grace=timedelta(hours=4)):
    """Return the titles of open tasks by assignee, oldest first."""
    now = now or datetime.utcnow()
    found = defaultdict(list)
    with open(path, newline="", encoding="utf-8") as source:
        for row in csv.DictReader(source, delimiter=";"):
            if row["status"] == "done" or not row["due_date"]:
                continue
            due = datetime.strptime(row["due_date"], "%Y-%m-%dT%H:%M:%S")
            if due + grace < now:
                found[row.get("assignee") or "nobody"].append((due, row["title"]))
    return {name: [title for _, title in sorted(items)] for name, items in found.items()}


if __name__ == "__main__":
    for person, titles in overdue("tasks.csv").items():
        print(f"{person}: {len(titles)} overdue")
        for title in titles[:10]:
            print("  -", title)
