Feature: Commercial Strict: which records come with the claim, and which are asked for

  This payer wants two records with the first fill of a pump: the note of the screening trial, and the
  history of oral therapy. Everything else is sent when it is asked for. The care of a pump that is in
  place is never denied for want of paper.

  Rule: Records for the first fill missing (trial note, oral therapy history)

    Background: A first fill that an authorization covers
      Given a claim to Commercial Strict for J0945 on 2025-03-03
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
        | birth date           | 1980-01-01 |
      And this authorization is on file
        | field         | value             |
        | number        | A-1               |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | 2025-01-01        |
        | valid through | 2025-12-31        |
        | units         | 40                |
        | units used    | 0                 |
        | requested on  | 2024-12-20        |
      And the diagnoses G82.51
      And these claim lines
        | code  | modifiers | units | place of service | ndc          |
        | J0945 | JZ        | 4     | 11               | 66794-157-02 |
        | 62362 |           | 1     | 11               |              |

    Scenario Outline: Both have come: <case>
      Given it is known that the documents received is <documents>
      When the claim is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

      Examples:
        | case             | documents                                |
        | these two alone  | trial_note, oral_history                 |
        | in another order | oral_history, trial_note                 |
        | among others     | order, trial_note, oral_history, consent |

    Scenario Outline: One of them is missing, and the claim waits for it: <case>
      Given it is known that the documents received is <documents>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | first-fill-records-missing | CO    | 252  | M127 | 1    |
      And it says "the trial note and the oral history with the first fill"

      Examples:
        | case                       | documents           |
        | only the trial note came   | trial_note          |
        | only the oral history came | oral_history        |
        | only other records came    | order, plan_of_care |
        | nothing came               | none                |

    Scenario: Nobody knows yet what came
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule first-fill-records-missing is not known
      And it first asks for the documents received

  Rule: Nothing else waits for those two records

    Background:
      Given a claim to Commercial Strict for J0945 on 2025-03-03
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
        | birth date           | 1980-01-01 |
      And this authorization is on file
        | field         | value             |
        | number        | A-1               |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | 2025-01-01        |
        | valid through | 2025-12-31        |
        | units         | 40                |
        | units used    | 0                 |
        | requested on  | 2024-12-20        |
      And the diagnoses G82.51
      And these facts
        | fact                           | value          |
        | the documents received         | none           |
        | the reason for the replacement | end of battery |

    Scenario Outline: <case> is paid without them
      Given these claim lines
        | code        | modifiers | units   | place of service | ndc   |
        | J0945       | JZ        | <units> | 11               | <ndc> |
        | <procedure> |           | 1       | 11               |       |
      When the claim is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

      Examples:
        | case                              | procedure | units | ndc          |
        | A screening dose                  | 62322     | 1     | 66794-151-01 |
        | A refill                          | 62369     | 4     | 66794-157-02 |
        | A change of the dose              | 62368     | 4     | 66794-157-02 |
        | A new pump in place of an old one | E0786     | 4     | 66794-157-02 |

    Scenario: A void of a first fill that names no claim is asked which one, and for no records
      Given the claim says
        | field     | value |
        | frequency | 8     |
      And these claim lines
        | code  | modifiers | units | place of service | ndc          |
        | J0945 | JZ        | 4     | 11               | 66794-157-02 |
        | 62362 |           | 1     | 11               |              |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: A request before the service tells the facts, and needs no record

    Scenario: A request for a new pump is approved without records
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And the request says
        | field      | value      |
        | birth date | 1980-01-01 |
      And the diagnoses G82.51
      And these facts
        | fact                                                   | value      |
        | the phase of therapy                                   | initial    |
        | the documents received                                 | none       |
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
      When the request is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

  Rule: Records that were asked for are waited for, and what was done decides where they never come

    Background: A claim that an authorization covers, or that needs none
      Given a claim to Commercial Strict for J0945 on 2025-03-03
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
        | birth date           | 1980-01-01 |
      And this authorization is on file
        | field         | value             |
        | number        | A-1               |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | 2025-01-01        |
        | valid through | 2025-12-31        |
        | units         | 40                |
        | units used    | 0                 |
        | requested on  | 2024-12-20        |
      And the diagnoses G82.51
      And these facts
        | fact                                    | value                    |
        | the documents received                  | trial_note, oral_history |
        | the outcome of oral antispasmodics      | inadequate               |
        | the length of oral therapy              | 42 days                  |
        | allergy or hypersensitivity to baclofen | no                       |
        | an active infection                     | no                       |
        | the reason for the replacement          | end of battery           |

    Scenario Outline: <case> waits while they have not come
      Given these claim lines
        | code        | modifiers | units   | place of service | ndc   |
        | J0945       | JZ        | <units> | 11               | <ndc> |
        | <procedure> |           | 1       | 11               |       |
      And it is known that what became of the payer's request for records is waiting
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule            | group | carc | rarc | line |
        | records-awaited | CO    | 252  | N706 | 1    |

      Examples:
        | case                              | procedure | units | ndc          |
        | A screening dose                  | 62322     | 1     | 66794-151-01 |
        | A first fill                      | 62362     | 4     | 66794-157-02 |
        | A refill                          | 62369     | 4     | 66794-157-02 |
        | A new pump in place of an old one | E0786     | 4     | 66794-157-02 |

    Scenario Outline: <case> is denied where they never come
      Given these claim lines
        | code        | modifiers | units   | place of service | ndc   |
        | J0945       | JZ        | <units> | 11               | <ndc> |
        | <procedure> |           | 1       | 11               |       |
      And it is known that what became of the payer's request for records is not supplied
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | records-not-supplied | CO    | 226  | N706 | 1    |

      Examples:
        | case                              | procedure | units | ndc          |
        | A screening dose                  | 62322     | 1     | 66794-151-01 |
        | A first fill                      | 62362     | 4     | 66794-157-02 |
        | A new pump in place of an old one | E0786     | 4     | 66794-157-02 |

    Scenario Outline: <case> is not denied for want of paper; it waits
      Given these claim lines
        | code        | modifiers | units   | place of service | ndc   |
        | J0945       | JZ        | <units> | 11               | <ndc> |
        | <procedure> |           | 1       | 11               |       |
      And it is known that what became of the payer's request for records is not supplied
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule            | group | carc | rarc | line |
        | records-awaited | CO    | 252  | N706 | 1    |

      Examples:
        | case                 | procedure | units | ndc          |
        | A refill             | 62369     | 4     | 66794-157-02 |
        | A change of the dose | 62368     | 4     | 66794-157-02 |

    Scenario Outline: A refill is paid: <case>
      Given these claim lines
        | code  | modifiers | units | place of service | ndc          |
        | J0945 | JZ        | 4     | 11               | 66794-157-02 |
        | 62369 |           | 1     | 11               |              |
      And it is known that what became of the payer's request for records is <records>
      When the claim is decided
      Then it is approved
      And rule records-awaited does not hold

      Examples:
        | case                | records  |
        | none were asked for | none     |
        | they have come      | received |
