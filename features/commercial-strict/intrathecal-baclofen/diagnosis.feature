Feature: Commercial Strict: the diagnosis must be one of severe spasticity, valid on the day

  This payer takes over Medicare's rules about diagnoses as they are. An authorization certifies the
  therapy; it does not make a wrong diagnosis code right.

  Rule: A request is decided by its diagnoses

    Scenario Outline: It is approved: <case>
      Given a preauthorization request to Commercial Strict for J0945 on <date>
      And the diagnoses <diagnoses>
      And it is known that the phase of therapy is refill
      When the request is decided
      Then it is approved
      And it asks nothing

      Examples:
        | case                                            | diagnoses        | date       |
        | quadriplegia                                    | G82.51           | 2025-03-03 |
        | the same without its dot, in small letters      | g8251            | 2025-03-03 |
        | spastic cerebral palsy                          | G80.1            | 2025-03-03 |
        | multiple sclerosis, on the old code's last day  | G35              | 2025-09-30 |
        | multiple sclerosis, on the new codes' first day | G35.A            | 2025-10-01 |
        | a symptom beside the cause                      | R25.2 and G82.51 | 2025-03-03 |
        | the state of the pump beside the cause          | Z45.1 and G82.51 | 2025-03-03 |

    Scenario Outline: It is denied: <case>
      Given a preauthorization request to Commercial Strict for J0945 on <date>
      And the diagnoses <diagnoses>
      And it is known that the phase of therapy is refill
      When the request is decided
      Then it is denied
      And the reasons are
        | rule   | group | carc   | rarc   |
        | <rule> | CO    | <carc> | <rarc> |

      Examples:
        | case                            | diagnoses        | date       | rule                      | carc | rarc    |
        | another disease                 | E11.9            | 2025-03-03 | diagnosis-not-covered     | 11   | M76     |
        | two other diseases              | E11.9 and M54.50 | 2025-03-03 | diagnosis-not-covered     | 11   | M76     |
        | a new code before its first day | G35.A            | 2025-09-30 | diagnosis-invalid-on-date | 146  | M76     |
        | a new code beside a valid one   | G35.A and G80.1  | 2025-09-30 | diagnosis-invalid-on-date | 146  | M76     |
        | the old code after its last day | G35              | 2025-10-01 | diagnosis-invalid-on-date | 146  | M76     |
        | the old code beside the new one | G35 and G35.A    | 2025-10-01 | diagnosis-invalid-on-date | 146  | M76     |
        | a category                      | G82.5            | 2025-03-03 | diagnosis-header          | 16   | M76 M81 |
        | a category beside a good code   | G80 and G80.1    | 2025-03-03 | diagnosis-header          | 16   | M76 M81 |
        | a category among the new codes  | G35.B            | 2025-10-01 | diagnosis-header          | 16   | M76 M81 |

    Scenario Outline: It waits for the cause, and is not denied: <case>
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And the diagnoses <diagnoses>
      And it is known that the phase of therapy is refill
      When the request is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule   | group | carc | rarc |
        | <rule> | CO    | 16   | M76  |

      Examples:
        | case                          | diagnoses       | rule                       |
        | a symptom                     | R25.2           | diagnosis-needs-cause      |
        | a muscle spasm                | M62.838         | diagnosis-needs-cause      |
        | a symptom and another disease | R25.2 and E11.9 | diagnosis-needs-cause      |
        | a symptom and the pump        | R25.2 and Z45.1 | diagnosis-needs-cause      |
        | the state of the pump         | Z45.1           | diagnosis-only-pump-status |
        | that and another disease      | Z45.1 and E11.9 | diagnosis-only-pump-status |

    Scenario: It waits where no diagnosis has come, and is not denied
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And it is known that the phase of therapy is refill
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the diagnoses

    Scenario: It is denied where it is known that there is no diagnosis
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And it is known that the phase of therapy is refill
      And it is known that the diagnoses is none
      When the request is decided
      Then it is denied
      And the reason is CO 11 with M76 from rule diagnosis-not-covered

  Rule: An authorization does not settle the diagnosis of the claim

    Scenario Outline: The claim is decided by its diagnosis: <case>
      Given the example authorized-refill-with-procedure of Commercial Strict for J0945
      But the claim has no birth date
      And the diagnoses <diagnosis>
      When the claim is decided
      Then it is <decision>
      And rule <rule> <truth>

      Examples:
        | case                  | diagnosis | decision | rule                       | truth         |
        | one that supports it  | G82.51    | approved | diagnosis-not-covered      | does not hold |
        | another disease       | E11.9     | denied   | diagnosis-not-covered      | holds         |
        | a category            | G82.5     | denied   | diagnosis-header           | holds         |
        | a symptom             | R25.2     | pended   | diagnosis-needs-cause      | holds         |
        | the state of the pump | Z45.1     | pended   | diagnosis-only-pump-status | holds         |

    Scenario Outline: A void that names no claim is asked which one, whatever its diagnosis: <case>
      Given the example authorized-refill-with-procedure of Commercial Strict for J0945
      And the claim has frequency 8
      And the claim has no birth date
      And the diagnoses <diagnosis>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

      Examples:
        | case                  | diagnosis |
        | another disease       | E11.9     |
        | a category            | G82.5     |
        | a symptom             | R25.2     |
        | the state of the pump | Z45.1     |
