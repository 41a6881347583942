Feature: Commercial Strict: preauthorization under the version of 2016, for services through 2023

  The version in force is the one of the date of service. What needs preauthorization, for how long it
  lasts and how soon notice of an emergency is due were the same then as from 2024 on.

  Background:
    Given a claim to Commercial Strict for J0945 on 2023-12-01
    And the claim says
      | field            | value      |
      | plan             | P1         |
      | member id        | M1         |
      | birth date       | 1980-01-01 |
      | billing npi      | 1234567893 |
      | place of service | 11         |
    And the diagnoses G82.51
    And these claim lines
      | code  | units | ndc          |
      | J0945 | 4     | 66794-157-02 |

  Rule: Every phase needed preauthorization

    Scenario Outline: Without an authorization on file it was denied - <phase>
      Given it is known that the phase of therapy is <phase>
      And no authorization is on file
      When the claim is decided
      Then it is denied
      And preauthorization.needed is concluded to be yes
      And the reason is CO 197 with M62 from rule authorization-number-missing

      Examples:
        | phase             |
        | trial             |
        | initial           |
        | refill            |
        | dose change       |
        | catheter revision |
        | replacement       |

  Rule: An authorization for refills lasted six months

    Scenario Outline: A refill on the same day of the month was still covered - <age>
      Given it is known that the phase of therapy is refill
      And this authorization is on file
        | field         | value             |
        | number        | A-100             |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | <first day>       |
        | valid through | 2023-12-31        |
        | units         | 40                |
        | units used    | 0                 |
        | requested on  | 2023-05-20        |
      When the claim is decided
      Then it is <decision>
      And rule refill-authorization-too-old <so>

      Examples:
        | age                 | first day  | decision | so            |
        | 6 months to the day | 2023-06-01 | approved | does not hold |
        | 6 months and a day  | 2023-05-31 | denied   | holds         |

  Rule: Notice of an emergency was due within one business day

    Scenario Outline: The service was on a Friday, notice was given on the next <day>
      Given these facts
        | fact                                    | value      |
        | the phase of therapy                    | refill     |
        | it was an emergency                     | yes        |
        | the day on which the payer was notified | <notified> |
      And no authorization is on file
      When the claim is decided
      Then it is <decision>
      And rule emergency-excuses <so>

      Examples:
        | day     | notified   | decision | so            |
        | Monday  | 2023-12-04 | approved | holds         |
        | Tuesday | 2023-12-05 | denied   | does not hold |

  Rule: Discarded units used up authorized units

    Scenario Outline: Three units given and one discarded - <left>
      Given these claim lines
        | code  | modifiers | units | ndc          |
        | J0945 |           | 3     | 66794-157-02 |
        | J0945 | JW        | 1     | 66794-157-02 |
      And it is known that the phase of therapy is refill
      And this authorization is on file
        | field         | value             |
        | number        | A-100             |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | 2023-09-01        |
        | valid through | 2023-12-31        |
        | units         | 40                |
        | units used    | <used>            |
        | requested on  | 2023-08-20        |
      When the claim is decided
      Then it is <decision>
      And rule authorization-units-exceeded <so>

      Examples:
        | left       | used | decision        | so            |
        | four left  | 36   | approved        | does not hold |
        | three left | 37   | partly approved | holds         |
