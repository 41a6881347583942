Feature: Commercial Strict: the same clinical rules before 2024

  The version of this policy that was in force through 2023-12-31 asks for the same as the one of today,
  but for JZ. The date of service chooses the version.

  Rule: A request for a new pump on the last day of the older version

    Background: A request for a new pump, with everything in order
      Given the example pump-request of Commercial Strict for J0945 on 2023-12-31

    Scenario: With everything in order it is approved
      When the request is decided
      Then it is approved
      And it asks nothing

    Scenario Outline: Both sides of each limit: <case>
      Given it is known that <fact and value>
      When the request is decided
      Then it is <decision>
      And rule <rule> <truth>

      Examples: Oral therapy
        | case                     | fact and value                                               | decision               | rule                   | truth         |
        | a day short of six weeks | the length of oral therapy is 41 days                        | recommended for denial | oral-therapy-not-shown | holds         |
        | six weeks                | the length of oral therapy is 42 days                        | approved               | oral-therapy-not-shown | does not hold |
        | without physical therapy | whether physical therapy was given beside oral therapy is no | recommended for denial | oral-therapy-not-shown | holds         |

      Examples: The response
        | case                      | fact and value                            | decision               | rule            | truth         |
        | one point of the grade    | the Ashworth grade before the trial is 1+ | pended                 | trial-not-shown | is not known  |
        | two points of the grade   | the Ashworth grade before the trial is 2  | approved               | trial-not-shown | does not hold |
        | a little under four hours | how long the response lasted is 3.9 hours | recommended for denial | trial-not-shown | holds         |
        | four hours                | how long the response lasted is 4 hours   | approved               | trial-not-shown | does not hold |

      Examples: The dose
        | case    | fact and value                         | decision | rule                      | truth         |
        | 100 mcg | the decisive screening dose is 100 mcg | approved | trial-dose-above-protocol | does not hold |
        | 101 mcg | the decisive screening dose is 101 mcg | pended   | trial-dose-above-protocol | holds         |

      Examples: Contraindications
        | case                  | fact and value                                          | decision               | rule                     | truth |
        | an allergy            | allergy or hypersensitivity to baclofen is yes          | recommended for denial | contraindicated          | holds |
        | an active infection   | an active infection is yes                              | recommended for denial | contraindicated          | holds |
        | a body too small      | a body too small for the pump is yes                    | recommended for denial | contraindicated          | holds |
        | another device        | another programmable device that could interfere is yes | recommended for denial | contraindicated          | holds |
        | a psychosis           | a psychosis is yes                                      | pended                 | psychosis-or-dysreflexia | holds |
        | autonomic dysreflexia | a history of autonomic dysreflexia is yes               | pended                 | psychosis-or-dysreflexia | holds |

    Scenario Outline: The spasm score will do instead of the grade: from 3 to <after>
      Given it is known that the Ashworth grade after the trial is 2
      And it is known that the spasm score before the trial is 3
      And it is known that the spasm score after the trial is <after>
      When the request is decided
      Then it is <decision>

      Examples:
        | case       | after | decision               |
        | two points | 1     | approved               |
        | one point  | 2     | recommended for denial |

    Scenario: Intolerance counts before six weeks, and without physical therapy
      Given it is known that the outcome of oral antispasmodics is not tolerated
      And it is known that the length of oral therapy is 10 days
      And it is known that whether physical therapy was given beside oral therapy is no
      When the request is decided
      Then it is approved

    Scenario: The reasons have this payer's remark code
      Given it is known that the length of oral therapy is 41 days
      And it is known that contraindication.active_infection is yes
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc |
        | contraindicated        | CO    | 50   | N130 |
        | oral-therapy-not-shown | CO    | 50   | N130 |

    Scenario Outline: What is not known is asked for, and not denied: <case>
      Given nothing is known about <unknown>
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for <unknown>

      Examples:
        | case                      | unknown                                                |
        | what came of oral therapy | the outcome of oral antispasmodics                     |
        | how long it was tried     | the length of oral therapy                             |
        | the physical therapy      | whether physical therapy was given beside oral therapy |
        | how long the response was | how long the response lasted                           |
        | an allergy                | allergy or hypersensitivity to baclofen                |
        | an infection              | an active infection                                    |
        | the size of the body      | a body too small for the pump                          |
        | another device            | another programmable device that could interfere       |
        | a psychosis               | a psychosis                                            |

    Scenario Outline: The age on the day decides: <case>
      Given the request has birth date <birth>
      When the request is decided
      Then it is <decision>

      Examples:
        | case                               | birth      | decision |
        | on the fourth birthday             | 2019-12-31 | approved |
        | the day before the fourth birthday | 2020-01-01 | denied   |

    Scenario Outline: A brain injury waits a year: <case>
      Given it is known that where the spasticity comes from is traumatic brain injury
      And it is known that the date of the brain injury is <injury>
      When the request is decided
      Then it is <decision>

      Examples:
        | case                  | injury     | decision               |
        | a year to the day     | 2022-12-31 | approved               |
        | a day short of a year | 2023-01-01 | recommended for denial |

    Scenario Outline: Two doses <case> are <decision>
      Given it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is <hours>
      When the request is decided
      Then it is <decision>

      Examples:
        | case           | hours    | decision |
        | a day apart    | 24 hours | approved |
        | an hour closer | 23 hours | pended   |

    Scenario: A screening dose asks for oral therapy as well, and for nothing that only matters to a pump
      Given it is known that the phase of therapy is trial
      And it is known that the outcome of oral antispasmodics is not tried
      And it is known that contraindication.body_too_small is yes
      And it is known that contraindication.device_crosstalk is yes
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc |
        | oral-therapy-not-shown | CO    | 50   | N130 |

    Scenario Outline: A contraindication to the drug itself denies a screening dose: <case>
      Given it is known that the phase of therapy is trial
      And it is known that <contraindication> is yes
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | contraindicated | CO    | 50   | N130 |

      Examples:
        | case                | contraindication                        |
        | an allergy          | allergy or hypersensitivity to baclofen |
        | an active infection | an active infection                     |

    Scenario: A contraindication does not stop a refill
      Given it is known that the phase of therapy is refill
      And it is known that contraindication.hypersensitivity is yes
      When the request is decided
      Then it is approved

  Rule: A first fill of the older version

    Background: A first fill that an authorization covers
      Given the example authorized-first-fill of Commercial Strict for J0945 on 2023-12-31
      And the claim has no birth date
      And the authorization has valid from 2023-10-01
      And the authorization has valid through 2024-03-31
      And the authorization has requested on 2023-09-20

    Scenario Outline: It comes with its records: <case>
      Given it is known that the documents received is <documents>
      When the claim is decided
      Then it is <decision>
      And rule first-fill-records-missing <truth>

      Examples:
        | case      | documents                | decision | truth         |
        | both came | trial_note, oral_history | approved | does not hold |
        | one came  | trial_note               | pended   | holds         |
        | none came | none                     | pended   | holds         |

    Scenario: Its product number is required
      Given the drug lines have no ndc
      And it is known that the documents received is trial_note, oral_history
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule        | group | carc | rarc |
        | ndc-missing | CO    | 16   | M119 |

    Scenario: A void in spite of a contraindication that names no claim is asked which one, and nothing else
      Given the claim has frequency 8
      And the drug lines have no ndc
      And it is known that the outcome of oral antispasmodics is not tried
      And it is known that contraindication.active_infection is yes
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
