Feature: Commercial Standard: which records come with the claim, and which are asked for

  This payer asks for records afterwards, as Medicare does. Where they do not come, a screening dose, a
  first fill and a new pump are denied; the care of a pump that is in place waits.

  Rule: Nothing need come with the claim

    Background: A first fill that an authorization covers
      Given a claim to Commercial Standard for J0945 on 2025-03-03
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
        | birth date           | 1980-01-01 |
      And this authorization is on file
        | field         | value               |
        | number        | A-1                 |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | J0945               |
        | valid from    | 2025-01-01          |
        | valid through | 2025-12-31          |
        | units         | 40                  |
        | units used    | 0                   |
        | requested on  | 2024-12-20          |
      And the diagnoses G82.51
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62362 |           | 1     | 11               |

    Scenario Outline: A first fill is paid without records: <case>
      Given it is known that the documents received is <documents>
      When the claim is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

      Examples:
        | case                     | documents  |
        | nothing came             | none       |
        | only the trial note came | trial_note |

    Scenario: What came is not asked
      When the claim is decided
      Then it is approved
      And it asks nothing

  Rule: Records that were asked for are waited for, and what was done decides where they never come

    Background: A claim that an authorization covers, or that needs none
      Given a claim to Commercial Standard for J0945 on 2025-03-03
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
        | birth date           | 1980-01-01 |
      And this authorization is on file
        | field         | value               |
        | number        | A-1                 |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | J0945               |
        | valid from    | 2025-01-01          |
        | valid through | 2025-12-31          |
        | units         | 40                  |
        | units used    | 0                   |
        | requested on  | 2024-12-20          |
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
