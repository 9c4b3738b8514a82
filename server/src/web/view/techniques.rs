//! ATT&CK techniques to choose from in a report. More than any scenario uses, so that the list gives nothing away.

use rampart_domain::scenario::Scenario;
use rampart_pages::TechniqueChoice;

/// Ids and names as MITRE ATT&CK has them.
const KNOWN: &[(&str, &str)] = &[
    ("T1003", "OS Credential Dumping"),
    ("T1005", "Data from Local System"),
    ("T1018", "Remote System Discovery"),
    ("T1021.004", "Remote Services: SSH"),
    ("T1040", "Network Sniffing"),
    ("T1041", "Exfiltration Over C2 Channel"),
    ("T1046", "Network Service Discovery"),
    ("T1053", "Scheduled Task/Job"),
    ("T1059.004", "Command and Scripting Interpreter: Unix Shell"),
    ("T1068", "Exploitation for Privilege Escalation"),
    ("T1071.001", "Application Layer Protocol: Web Protocols"),
    ("T1078", "Valid Accounts"),
    ("T1083", "File and Directory Discovery"),
    ("T1090", "Proxy"),
    ("T1105", "Ingress Tool Transfer"),
    ("T1110", "Brute Force"),
    ("T1190", "Exploit Public-Facing Application"),
    ("T1203", "Exploitation for Client Execution"),
    ("T1210", "Exploitation of Remote Services"),
    ("T1213", "Data from Information Repositories"),
    ("T1485", "Data Destruction"),
    ("T1486", "Data Encrypted for Impact"),
    ("T1498", "Network Denial of Service"),
    ("T1505.003", "Server Software Component: Web Shell"),
    ("T1552.001", "Unsecured Credentials: Credentials In Files"),
    ("T1566", "Phishing"),
    ("T1595", "Active Scanning"),
];

/// The list for a scenario, by id; techniques of it that have no name here stand with their id.
#[must_use]
pub fn choices(scenario: &Scenario) -> Vec<TechniqueChoice> {
    let mut all: Vec<(&str, &str)> = KNOWN.to_vec();
    let own = scenario.attack.iter().chain(scenario.actions.iter().map(|action| &action.technique));
    for id in own {
        if !all.iter().any(|(known, _)| known == id) {
            all.push((id, ""));
        }
    }
    all.sort_unstable();
    all.into_iter().map(|(id, name)| TechniqueChoice { id: id.to_owned(), name: name.to_owned() }).collect()
}
