Feature: Commercial Strict: the same clinical rules before 2024

  The version of this policy that was in force through 2023-12-31 asks for the same as the one of today,
  but for JZ. The date of service chooses the version.

  Rule: A request for a new pump on the last day of the older version

    Background: A request for a new pump, with everything in order
      Given a preauthorization request to Commercial Strict for J0945 on 2023-12-31
      And the request says
        | field      | value      |
        | birth date | 1980-01-01 |
      And the diagnoses G82.51
      And these facts
        | fact                                                   | value      |
        | the phase of therapy                                   | initial    |
        | where the spasticity comes from                        | spinal     |
        | the outcome of oral antispasmodics                     | inadequate |
        | the length of oral therapy                             | 42 days    |
        | whether physical therapy was given beside oral therapy | yes        |
        | the response to the screening trial                    | favourable |
        | the decisive screening dose                            | 75 mcg     |
        | the Ashworth grade before the trial                    | 3          |
        | the Ashworth grade after the trial                     | 1          |
        | how long the response lasted                           | 4 hours    |
        | allergy or hypersensitivity to baclofen                | no         |
        | an active infection                                    | no         |
        | a body too small for the pump                          | no         |
        | another programmable device that could interfere       | no         |
        | a psychosis                                            | no         |
        | a history of autonomic dysreflexia                     | no         |

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
        | case                     | fact and value                                               | decision | rule                   | truth         |
        | a day short of six weeks | the length of oral therapy is 41 days                        | denied   | oral-therapy-not-shown | holds         |
        | six weeks                | the length of oral therapy is 42 days                        | approved | oral-therapy-not-shown | does not hold |
        | without physical therapy | whether physical therapy was given beside oral therapy is no | denied   | oral-therapy-not-shown | holds         |

      Examples: The response
        | case                      | fact and value                            | decision | rule            | truth         |
        | one point of the grade    | the Ashworth grade before the trial is 1+ | pended   | trial-not-shown | is not known  |
        | two points of the grade   | the Ashworth grade before the trial is 2  | approved | trial-not-shown | does not hold |
        | a little under four hours | how long the response lasted is 3.9 hours | denied   | trial-not-shown | holds         |
        | four hours                | how long the response lasted is 4 hours   | approved | trial-not-shown | does not hold |

      Examples: The dose
        | case    | fact and value                         | decision | rule                      | truth         |
        | 100 mcg | the decisive screening dose is 100 mcg | approved | trial-dose-above-protocol | does not hold |
        | 101 mcg | the decisive screening dose is 101 mcg | pended   | trial-dose-above-protocol | holds         |

      Examples: Contraindications
        | case                  | fact and value                                          | decision | rule                     | truth |
        | an allergy            | allergy or hypersensitivity to baclofen is yes          | denied   | contraindicated          | holds |
        | an active infection   | an active infection is yes                              | denied   | contraindicated          | holds |
        | a body too small      | a body too small for the pump is yes                    | denied   | contraindicated          | holds |
        | another device        | another programmable device that could interfere is yes | denied   | contraindicated          | holds |
        | a psychosis           | a psychosis is yes                                      | pended   | psychosis-or-dysreflexia | holds |
        | autonomic dysreflexia | a history of autonomic dysreflexia is yes               | pended   | psychosis-or-dysreflexia | holds |

    Scenario Outline: The spasm score will do instead of the grade: from 3 to <after>
      Given these facts
        | fact                               | value   |
        | the Ashworth grade after the trial | 2       |
        | the spasm score before the trial   | 3       |
        | the spasm score after the trial    | <after> |
      When the request is decided
      Then it is <decision>

      Examples:
        | case       | after | decision |
        | two points | 1     | approved |
        | one point  | 2     | denied   |

    Scenario: Intolerance counts before six weeks, and without physical therapy
      Given these facts
        | fact                                                   | value         |
        | the outcome of oral antispasmodics                     | not tolerated |
        | the length of oral therapy                             | 10 days       |
        | whether physical therapy was given beside oral therapy | no            |
      When the request is decided
      Then it is approved

    Scenario: The reasons have this payer's remark code
      Given these facts
        | fact                       | value   |
        | the length of oral therapy | 41 days |
        | an active infection        | yes     |
      When the request is decided
      Then it is denied
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
      Given the request says
        | field      | value   |
        | birth date | <birth> |
      When the request is decided
      Then it is <decision>

      Examples:
        | case                               | birth      | decision |
        | on the fourth birthday             | 2019-12-31 | approved |
        | the day before the fourth birthday | 2020-01-01 | denied   |

    Scenario Outline: A brain injury waits a year: <case>
      Given these facts
        | fact                            | value                  |
        | where the spasticity comes from | traumatic brain injury |
        | the date of the brain injury    | <injury>               |
      When the request is decided
      Then it is <decision>

      Examples:
        | case                  | injury     | decision |
        | a year to the day     | 2022-12-31 | approved |
        | a day short of a year | 2023-01-01 | denied   |

    Scenario Outline: Two doses <case> are <decision>
      Given these facts
        | fact                                          | value   |
        | the number of screening doses given           | 2       |
        | the time between the last two screening doses | <hours> |
      When the request is decided
      Then it is <decision>

      Examples:
        | case           | hours    | decision |
        | a day apart    | 24 hours | approved |
        | an hour closer | 23 hours | pended   |

    Scenario: A screening dose asks for oral therapy as well, and for nothing that only matters to a pump
      Given these facts
        | fact                                             | value     |
        | the phase of therapy                             | trial     |
        | the outcome of oral antispasmodics               | not tried |
        | a body too small for the pump                    | yes       |
        | another programmable device that could interfere | yes       |
      When the request is decided
      Then it is denied
      And the reasons are
        | rule                   | group | carc | rarc |
        | oral-therapy-not-shown | CO    | 50   | N130 |

    Scenario Outline: A contraindication to the drug itself denies a screening dose: <case>
      Given these facts
        | fact                 | value |
        | the phase of therapy | trial |
        | <contraindication>   | yes   |
      When the request is decided
      Then it is denied
      And the reasons are
        | rule            | group | carc | rarc |
        | contraindicated | CO    | 50   | N130 |

      Examples:
        | case                | contraindication                        |
        | an allergy          | allergy or hypersensitivity to baclofen |
        | an active infection | an active infection                     |

    Scenario: A contraindication does not stop a refill
      Given these facts
        | fact                                    | value  |
        | the phase of therapy                    | refill |
        | allergy or hypersensitivity to baclofen | yes    |
      When the request is decided
      Then it is approved

  Rule: A first fill of the older version

    Background: A first fill that an authorization covers
      Given a claim to Commercial Strict for J0945 on 2023-12-31
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
      And this authorization is on file
        | field         | value             |
        | number        | A-1               |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | 2023-10-01        |
        | valid through | 2024-03-31        |
        | units         | 40                |
        | units used    | 0                 |
        | requested on  | 2023-09-20        |
      And the diagnoses G82.51

    Scenario Outline: It comes with its records: <case>
      Given these claim lines
        | code  | modifiers | units | place of service | ndc          |
        | J0945 | JZ        | 4     | 11               | 66794-157-02 |
        | 62362 |           | 1     | 11               |              |
      And it is known that the documents received is <documents>
      When the claim is decided
      Then it is <decision>
      And rule first-fill-records-missing <truth>

      Examples:
        | case      | documents                | decision | truth         |
        | both came | trial_note, oral_history | approved | does not hold |
        | one came  | trial_note               | pended   | holds         |
        | none came | none                     | pended   | holds         |

    Scenario: Its product number is required
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62362 |           | 1     | 11               |
      And it is known that the documents received is trial_note, oral_history
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule        | group | carc | rarc |
        | ndc-missing | CO    | 16   | M119 |

    Scenario: A void in spite of a contraindication that names no claim is asked which one, and nothing else
      Given the claim says
        | field     | value |
        | frequency | 8     |
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62362 |           | 1     | 11               |
      And these facts
        | fact                               | value     |
        | the outcome of oral antispasmodics | not tried |
        | an active infection                | yes       |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
